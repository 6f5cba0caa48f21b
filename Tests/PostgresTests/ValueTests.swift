import Postgres
import TestKit
import Testing

@Suite struct ValueTests {
  static let integers = Statement(
    "integers", "SELECT $1::bigint, $1::int, $1::smallint, $1::text, $1::text::oid")

  @Test(arguments: [Int64(0), 1, 127, 32767])
  func integersOfEveryWidth(value: Int64) async throws {
    try await TestPostgres.withDatabase { database in
      let rows = try await database.query(Self.integers, [.int(value)])
      #expect(rows.count == 1)
      for column in [0, 1, 2, 4] { #expect(rows.int(0, column) == value) }
      #expect(rows.text(0, 3) == String(value))
      #expect(rows.int(0, 3) == nil)
    }
  }

  static let scalars = Statement(
    "scalars",
    """
    SELECT $1::bigint, $2::text, $3::bytea, $4::boolean, $5::double precision, $5::real,
      pg_typeof($1)::text, octet_length($2), '7'::xid8
    """)

  @Test func scalarsComeBackAsTheyWent() async throws {
    try await TestPostgres.withDatabase { database in
      let text = "päivää \u{1F980} 'quoted' \\ \n"
      let bytes = (0...255).map(UInt8.init)
      let rows = try await database.query(
        Self.scalars,
        [.int(.min), .text(text), .bytes(bytes), .bool(true), .double(-0.5)])
      #expect(rows.int(0, 0) == .min)
      #expect(rows.text(0, 1) == text)
      #expect(rows.bytes(0, 2) == bytes)
      #expect(rows.withBytes(0, 2) { $0.elementsEqual(bytes) } == true)
      #expect(rows.bool(0, 3) == true)
      #expect(rows.double(0, 4) == -0.5)
      #expect(rows.double(0, 5) == -0.5)
      #expect(rows.text(0, 6) == "bigint")
      #expect(rows.int(0, 7) == Int64(text.utf8.count))
      #expect(rows.int(0, 8) == 7)
    }
  }

  @Test func emptyIsNotNull() async throws {
    try await TestPostgres.withDatabase { database in
      let empty = try await database.query(
        Self.scalars, [.int(0), .text(""), .bytes([]), .bool(false), .double(0)])
      #expect(empty.text(0, 1) == "")
      #expect(empty.bytes(0, 2) == [])
      #expect(empty.bool(0, 3) == false)
      let null = try await database.query(
        Self.scalars, [.int(nil), .text(nil), .bytes(nil), .bool(nil), .double(nil)])
      for column in 0..<6 { #expect(null.isNull(0, column)) }
      #expect(null.int(0, 0) == nil)
      #expect(null.text(0, 1) == nil)
      #expect(null.bytes(0, 2) == nil)
      #expect(null.bool(0, 3) == nil)
      #expect(null.double(0, 4) == nil)
    }
  }

  @Test func cellsOutsideOfTheAnswerAreNil() async throws {
    try await TestPostgres.withDatabase { database in
      let rows = try await database.query(Statement("one", "SELECT 1::bigint"))
      #expect(rows.int(1, 0) == nil)
      #expect(rows.int(0, 1) == nil)
      #expect(rows.int(-1, 0) == nil)
      #expect(rows.text(0, -1) == nil)
    }
  }

  static let arrays = Statement("arrays", "SELECT $1::bigint[], $2::text[], $3::bytea[]")

  @Test func arraysComeBackAsTheyWent() async throws {
    try await TestPostgres.withDatabase { database in
      let ints: [Int64] = [1, -2, .max]
      let texts = ["", "a,b", "{\"}", "NULL", "ü"]
      let bytes: [[UInt8]] = [[], [0, 255], Array(repeating: 7, count: 70_000)]
      let rows = try await database.query(
        Self.arrays, [.ints(ints), .texts(texts), .byteArrays(bytes)])
      #expect(rows.ints(0, 0) == ints)
      #expect(rows.texts(0, 1) == texts)
      #expect(rows.byteArrays(0, 2) == bytes)
      let empty = try await database.query(
        Self.arrays, [.ints([]), .texts([]), .byteArrays([])])
      #expect(empty.ints(0, 0) == [])
      #expect(empty.texts(0, 1) == [])
      #expect(empty.byteArrays(0, 2) == [])
    }
  }

  static let unnested = Statement(
    "unnested",
    """
    SELECT number, word, data, flag
    FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::boolean[])
      AS t(number, word, data, flag)
    """)

  @Test func unnestMakesRowsWithNulls() async throws {
    try await TestPostgres.withDatabase { database in
      let rows = try await database.query(
        Self.unnested,
        [
          .nullableInts([1, nil]), .nullableTexts([nil, "b"]),
          .nullableByteArrays([[1], nil]), .bools([true, false]),
        ])
      #expect(rows.count == 2)
      #expect(rows.int(0, 0) == 1)
      #expect(rows.isNull(1, 0))
      #expect(rows.isNull(0, 1))
      #expect(rows.text(1, 1) == "b")
      #expect(rows.bytes(0, 2) == [1])
      #expect(rows.isNull(1, 2))
      #expect(rows.bool(0, 3) == true)
      #expect(rows.bool(1, 3) == false)
    }
  }

  @Test func affectedRowsAreCounted() async throws {
    try await TestPostgres.withDatabase { database in
      _ = try await database.query(Statement("make", "CREATE TABLE t (n bigint)"))
      let insert = Statement("insert", "INSERT INTO t SELECT unnest($1::bigint[])")
      let inserted = try await database.query(insert, [.ints([1, 2, 3])])
      #expect(inserted.affectedRows == 3)
      let delete = Statement("delete", "DELETE FROM t WHERE n > $1")
      #expect(try await database.query(delete, [.int(1)]).affectedRows == 2)
    }
  }
}
