"""Measurements as ratios against a peer or plain git doing the same work in the same run."""
