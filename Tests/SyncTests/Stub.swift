enum SyncTestsStub {}
