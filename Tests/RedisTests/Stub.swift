enum RedisTestsStub {}
