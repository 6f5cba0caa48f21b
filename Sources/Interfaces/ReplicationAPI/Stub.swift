enum ReplicationAPIStub {}
