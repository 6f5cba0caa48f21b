enum TelemetryTestsStub {}
