"""The samples are text for checks to read; pytest collects none of them."""

collect_ignore_glob = ["*"]
