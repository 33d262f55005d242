"""What a task, a method, a weighting, a loss, a measure or an explainer promises, as functions that check it.

A promise is a function that takes the thing, its docstring's first line says what is promised. It raises `BrokenError`
where the promise is broken, and may return a remark where it is kept.
"""
