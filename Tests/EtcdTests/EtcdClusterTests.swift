import Testing

/// Against a real cluster, of which tests kill and stop members; one after the other, in files of their own.
@Suite(.cluster, .serialized, .whereEtcdIs, .timeLimit(.minutes(2))) struct EtcdClusterTests {}
