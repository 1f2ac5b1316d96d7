"""What paid edits cost: the ledger, the budget, quotas, and one purchase at a time per edit."""
