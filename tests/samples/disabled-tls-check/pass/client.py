requests.get("https://example.org", verify=True)
verify_false = "no"
