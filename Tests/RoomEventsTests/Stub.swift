enum RoomEventsTestsStub {}
