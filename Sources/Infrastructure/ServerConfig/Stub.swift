enum ServerConfigStub {}
