enum StreamsTestsStub {}
