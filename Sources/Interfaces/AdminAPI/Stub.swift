enum AdminAPIStub {}
