/// systemd's side of a server: one target, one unit for main, one template for all workers.
package struct SystemdUnits: Sendable {
  package struct Unit: Sendable, Hashable {
    package let name: String
    package let text: String
  }

  package var binaryFolder = "/usr/bin"
  package var configFolder = "/etc/apus"
  package var user = "apus"

  package init() {}

  package var all: [Unit] { [target, main, worker] }

  private var target: Unit {
    Unit(
      name: "apus.target",
      text: """
        \(Self.origin)
        # Starts and stops the whole server: `systemctl start apus.target`.
        [Unit]
        Description=Apus Matrix homeserver
        Wants=apus-main.service
        After=network-online.target

        [Install]
        WantedBy=multi-user.target

        """)
  }

  private var main: Unit {
    Unit(
      name: "apus-main.service",
      text: """
        \(Self.origin)
        [Unit]
        Description=Apus main process
        PartOf=apus.target
        Wants=network-online.target
        After=network-online.target postgresql.service redis-server.service

        \(service(start: "\(binaryFolder)/apus-main \(sharedArguments)"))

        """)
  }

  /// `apusctl exec-worker` reads the file's `worker_app` and becomes that program, so that one
  /// template serves all kinds of worker.
  private var worker: Unit {
    Unit(
      name: "apus-worker@.service",
      text: """
        \(Self.origin)
        # One worker: `systemctl enable --now apus-worker@generic_worker1` runs what
        # \(configFolder)/workers/generic_worker1.yaml describes. `apusctl exec-worker` reads that
        # file's `worker_app` and becomes the program for it.
        [Unit]
        Description=Apus worker %i
        PartOf=apus.target
        Wants=network-online.target
        After=network-online.target postgresql.service redis-server.service apus-main.service

        \(service(start: "\(binaryFolder)/apusctl exec-worker \(sharedArguments) "
          + "\(configFolder)/workers/%i.yaml"))

        """)
  }

  /// Every process reads the server's file and then the folder, which holds shared.yaml where
  /// there are workers.
  private var sharedArguments: String {
    "-c \(configFolder)/homeserver.yaml -c \(configFolder)/conf.d"
  }

  private static let origin = "# Made by `apusctl systemd`."

  private func service(start: String) -> String {
    """
    [Service]
    Type=notify
    NotifyAccess=main
    ExecStart=\(start)
    # Logging and certificates are read again.
    ExecReload=/bin/kill -HUP $MAINPID
    Restart=always
    RestartSec=3
    TimeoutStartSec=90
    TimeoutStopSec=40
    LimitNOFILE=65536
    User=\(user)
    Group=\(user)
    UMask=0027
    WorkingDirectory=/var/lib/apus
    StateDirectory=apus
    StateDirectoryMode=0750
    LogsDirectory=apus
    # Unix sockets. All units share the folder, so it stays while any of them restarts.
    RuntimeDirectory=apus
    RuntimeDirectoryPreserve=yes
    ConfigurationDirectory=apus apus/conf.d apus/workers
    \(Self.sandbox)

    [Install]
    WantedBy=apus.target
    """
  }

  private static let sandbox = """
    CapabilityBoundingSet=
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    NoNewPrivileges=yes
    PrivateDevices=yes
    PrivateTmp=yes
    ProtectClock=yes
    ProtectControlGroups=yes
    ProtectHome=yes
    ProtectHostname=yes
    ProtectKernelLogs=yes
    ProtectKernelModules=yes
    ProtectKernelTunables=yes
    ProtectProc=invisible
    ProtectSystem=strict
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    """
}
