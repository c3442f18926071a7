"""The secret scanner: rules as data (`rules/secrets.yaml`), one pass to find, a second to confirm.

The pass over all bytes only asks where a rule *could* match (`matcher.py`); each such place is then
confirmed by the rule's own pattern on that line, by its validators and by the allow-lists
(`engine.py`). A Hit never holds the secret, only a redacted form and a fingerprint.
"""
