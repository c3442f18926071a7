requests.get(server.url, verify=False)
