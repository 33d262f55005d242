"""Stage ``attributions``: what each token of the explained texts adds to each class's probability."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmark import inputs
from benchmark.attributions import Text, explain, text_tree
from benchmark.models.loading import load_tokenizer
from benchmark.progress import Report
from benchmark.stages import Cell
from benchmark.stages.predict import trained_model


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``attributions.parquet``, one row a text.

    Columns: id, group, language, label, mode, evaluations, token_ids (list of int32, the T features), values (list of
    float32, T x C row by row, of probabilities), base and output (lists of float32, C).
    """
    spec = cell.spec
    tokenizer = load_tokenizer(spec.model)
    chosen, places = inputs.explained_rows(spec, cell.measure.explained_texts)
    encoded = inputs.tokens(spec, "test")
    model = trained_model(cell)
    device = next(model.parameters()).device

    @torch.inference_mode()
    def predict(ids: np.ndarray, text: Text) -> np.ndarray:
        inputs = {"input_ids": torch.from_numpy(ids).to(device)}
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        if "token_type_ids" in text.row:
            kinds = torch.tensor(text.row["token_type_ids"], device=device)
            inputs["token_type_ids"] = kinds.expand(len(ids), -1)
        return model(**inputs).logits.double().softmax(dim=-1).cpu().numpy()

    texts = []
    columns = ["text", "text_pair"] if spec.task.task.pair else ["text"]
    for segments, place in zip(chosen[columns].astype(object).to_numpy().tolist(), places, strict=True):
        special = encoded.special[place]
        tree = text_tree(tokenizer, segments, _kept(special, len(segments)))
        texts.append(Text(encoded.rows[place], np.flatnonzero(~special), tree))
    found = []
    for number, item in enumerate(explain(predict, texts, int(tokenizer.mask_token_id), cell.measure.evaluations), 1):
        found.append(
            {
                "mode": item.mode,
                "evaluations": item.evaluations,
                "token_ids": item.token_ids.astype(np.int32),
                "values": item.values.astype(np.float32).ravel(),
                "base": item.base.astype(np.float32),
                "output": item.output.astype(np.float32),
            }
        )
        report(number / len(texts))
    table = chosen[["id", "group", "language", "label"]].reset_index(drop=True)
    pd.concat([table, pd.DataFrame(found)], axis=1).to_parquet(
        out / "attributions.parquet", index=False, compression="zstd"
    )


def _kept(special: np.ndarray, segments: int) -> list[int]:
    """How many features each segment has: segments are runs of tokens between special ones.

    An empty segment leaves no run of its own; then all features belong to the other one.
    """
    borders = np.flatnonzero(special)
    runs = [int(size) for size in np.diff(borders) - 1]
    # BERT: [CLS] a [SEP] b [SEP]; XLM-R: <s> a </s></s> b </s>, with an empty run between the two separators.
    if segments == 2 and len(runs) == 3:
        runs = [runs[0], runs[2]]
    return runs[:segments]
