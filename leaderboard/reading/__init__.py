"""What stands in a results folder, as boards, pages and checks read it."""
