// Does for other programs what the room law does inside the server: a request on each line of the
// input, an answer on each line of the output, both JSON objects. Whoever knows the answers from
// elsewhere can compare.

while let line = readLine() {
  print(answer(to: line))
}
