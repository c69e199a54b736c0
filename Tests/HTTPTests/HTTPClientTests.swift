import Testing

/// The client against the servers of server.py; its suites stand in files of their own.
@Suite(.server) struct HTTPClientTests {}
