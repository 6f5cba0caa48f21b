enum MatrixJSONTestsStub {}
