enum WorkerRuntimeStub {}
