enum ClientAPIStub {}
