enum MatrixIdentifiersStub {}
