enum ExecutorsTestsStub {}
