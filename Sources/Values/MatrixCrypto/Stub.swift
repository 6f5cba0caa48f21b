enum MatrixCryptoStub {}
