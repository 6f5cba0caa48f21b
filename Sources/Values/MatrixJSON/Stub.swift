enum MatrixJSONStub {}
