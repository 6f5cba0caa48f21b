enum TelemetryStub {}
