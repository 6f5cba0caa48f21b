enum RoomEventsStub {}
