enum HTTPTestsStub {}
