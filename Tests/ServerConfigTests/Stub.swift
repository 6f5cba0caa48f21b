enum ServerConfigTestsStub {}
