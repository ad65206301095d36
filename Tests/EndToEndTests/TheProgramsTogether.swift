import Testing

/// The built programs, run as their users run them. One test at a time: they start servers, and some take the machine.
@Suite(.serialized, .timeLimit(.minutes(15))) enum `The programs together` {}
