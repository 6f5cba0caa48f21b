enum EventAuthStub {}
