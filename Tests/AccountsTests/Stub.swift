enum AccountsTestsStub {}
