enum RoomsTestsStub {}
