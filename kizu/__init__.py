"""kizu: normal product photos and a sentence per defect in, a labelled dataset out."""
