enum MatrixCryptoTestsStub {}
