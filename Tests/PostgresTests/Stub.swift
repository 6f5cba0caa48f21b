enum PostgresTestsStub {}
