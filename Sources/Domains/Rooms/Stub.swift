enum RoomsStub {}
