enum MatrixIdentifiersTestsStub {}
