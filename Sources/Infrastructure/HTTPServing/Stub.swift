enum HTTPServingStub {}
