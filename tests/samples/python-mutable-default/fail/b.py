    async def add(self, to: dict = {}, n=1):
        pass
