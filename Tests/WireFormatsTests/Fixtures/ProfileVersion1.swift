/// Profiles as the first release wrote them; see `ProfileVersion1Tests`.
///
/// Never to be made anew.
enum ProfileVersion1 {
    /// Every section filled: `RichProfile.make`.
    static let rich = """
        AQu2paC1j2gMALblpsWCaAF9VrbJulyLDZoNNAAaSqetABBhbm5AYWNtZS5leGFtcGxlAwADQW5uBLbVh76NaAAH\
        dXBkYXRlZAAJTMOpZSDwn6aABrblpsWCaAF9VrbJulyLDZoNNAAaSqetAAIrMQi21Ye+jWgAB3VwZGF0ZWQACFZQ\
        IFNhbGVzCrblpsWCaAF9VrbJulyLDZoNNAAaSqetAAVBICJCIg0ADGFjbWUuZXhhbXBsZQ621Ye+jWgAB3VwZGF0\
        ZWQAAkRFELblpsWCaAF9VrbJulyLDZoNNAAaSqetAQAAAAAAAFRAEwEAAAAAAOBYQBUACHNvZnR3YXJlFrbVh76N\
        aAAHdXBkYXRlZAMDAQNjcm0BCWFuYWx5dGljcwEEZ29uZQC25abFgmgABWZpcnN0AAEFZW1haWwBAmMxALaloLWP\
        aAAEbGFzdAEAAQRjw6kyBNAFAQlwYWdlX3ZpZXcABgKsAgABDmRlbW9fcmVxdWVzdGVkAwABEv8BAgMEBQYHCHBh\
        Z2VfdmlldwICAgAAgIDz3xkFAgkAAAC2te3ijmgACmFjdGl2aXR5IDEIAgAAtsW6kI5oAAphY3Rpdml0eSAyCAAG\
        ALbVh76NaAAKYWN0aXZpdHkgMwgAAAC25dTrjGgACmFjdGl2aXR5IDQIAAAG///lvzP//////////4DAg+MrAQAA\
        AAAAAACEwMvJAu/Nq4lnRSMBgsDLyQIHAAAAAAAAAILAy8kCCAAAAAAAAACEwMvJAgkAAAAAAAAAAwAFAQEKbm9f\
        cHJvZHVjdAAABQAAAAABAAIDAQEEb3BlbgYGBQYCAQCCAQZ9VrbJulyLDZoNNAAaSqetAYDw4PgKgICupgoBDXNh\
        bGVzLm1xbC5jcm0AAAGxXugQiTaiyj+cqscDN1mhAoCgyIEJgLCVrwgNAQdvd25lciAyAAKiW4l3gg7RMxW2oyRg\
        VSaXA4DQr4oHgOD8twYNAQdvd25lciAzAAQAtsW6kI5oAAhhbnN3ZXIgMghyZWplY3RlZAEKd3Jvbmdfc2l6ZQGr\
        UUalYNoVDKPvAHEKQI26BICAl5MFgJDkwAQNAQdvd25lciA0AQQAtsW6kI5oAAhhbnN3ZXIgMwRsb3N0AQpiYWRf\
        dGltaW5nPhRSbzSuqttDCyPCDQacerUFgLD+mwOAwMvJAg0BB293bmVyIDUBLP/c2wEAtsW6kI5oAAhhbnN3ZXIg\
        NAhhY2NlcHRlZAAAwlTP8uQ8yqkRkmdBtOzWiAaA4OWkAYDwslINAQdvd25lciA2AXC/7m3/3NsB/++yUgMFAwES\
        bWlzc2luZzpsZWFkLnBob25lAQNmaXQBCmVuZ2FnZW1lbnQAAAAAAkAwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEw\
        YTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhAgNjcm0EZ29uZQIKd3Jvbmdfc2l6ZQEKYmFk\
        X3RpbWluZz5AZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm\
        ZmZmZmZmZgAA
        """
    /// After an erasure: `RichProfile.makeStub`.
    static let stub =
        "ARS2paC1j2gAAAAAAAADAAAAAAAFAAAAAAEAAQNjcm0AAAAGBQYCAQCCAQABCWFuYWx5dGljcwAAAAAAAAA="
    /// Nothing known.
    static let empty = "ARAAAAAAAAAAAA=="
}
