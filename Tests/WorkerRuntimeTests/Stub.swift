enum WorkerRuntimeTestsStub {}
