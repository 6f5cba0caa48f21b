enum HTTPFetchingStub {}
