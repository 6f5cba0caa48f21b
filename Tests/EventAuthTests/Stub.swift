enum EventAuthTestsStub {}
