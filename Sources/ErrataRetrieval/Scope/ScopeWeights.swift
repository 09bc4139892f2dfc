/// The fitted weights of the scope decision.
///
/// Logistic regression (ridge 1, Newton's method) of "is this the answer" on the terms of `ScopeTerms`,
/// over pairs of a question and one of its five best facts. The questions come from KnowEdit's
/// wiki_counterfact-train and wiki_recent-train, CounterFact's counterfact-train, zsre-train-1k,
/// pokemqa-edit-questions and NQ-open.efficientqa.dev, with vectors of all-MiniLM-L6-v2.
enum ScopeWeights {
    /// A fact with a subject, asked for its object.
    enum Named {
        static let bias = -22.1736
        static let exactSubject = -0.8907
        static let subjectShare = 3.3541
        static let subjectShareOver60 = 16.8704
        static let masked = 9.7756
        static let maskedOver70 = -17.6259
        static let maskedOver85 = 25.9611
        static let object = 3.9035
        static let prompt = 10.2893
        static let statement = 1.6530
        static let foreignNames = 0.2528
        static let longerName = 2.1687
        static let questionOverlap = -0.1938
        static let promptOverlap = 14.5035
        static let unmatchedWords = 2.9261
        static let overlap = -7.5472
        static let sameKind = -0.5431
        static let otherKind = -2.4155
        static let dateFits = 0.9479
        static let dateClashes = 1.1136
        static let objectPresent = -1.7718
        static let negatesObject = -9.5955
        static let hasName = -1.9578
        static let namedMasked = 5.7146
        static let namedOverlap = -4.9688
        static let exactMasked = 1.9819
        static let namedPrompt = -5.9777
        static let hop = -1.2617
        static let hopOver50 = -2.2620
        static let unmatchedMasked = -2.6785
        static let anyUnmatched = -4.0227
        static let wholePrompt = -3.2326
    }

    /// A fact that is a bare statement.
    enum Statement {
        static let bias = -9.2593
        static let exactSubject = 1.0133
        static let subjectShare = 0.2896
        static let masked = 9.3348
        static let maskedOver70 = 3.6689
        static let maskedOver85 = -18.9087
        static let prompt = 6.5720
        static let foreignNames = -0.3212
        static let questionOverlap = -0.0954
        static let promptOverlap = 6.6162
        static let unmatchedWords = 1.2002
        static let overlap = -9.9472
        static let otherKind = -1.6769
        static let negatesObject = -7.6573
        static let exactMasked = 2.5590
        static let hopOver50 = 2.4950
        static let unmatchedMasked = -1.3464
        static let anyUnmatched = -4.7875
        static let wholePrompt = -3.0962
    }

    /// A fact with subject and object, asked for its subject.
    enum Inverse {
        static let bias = -29.9386
        static let exactObject = 4.6057
        static let objectShare = 5.6991
        static let subjectShare = -1.1226
        static let inverse = 10.5395
        static let direct = 16.7723
        static let questionOverlap = 0.8679
        static let promptOverlap = -0.0480
        static let sameKind = -2.4478
        static let otherKind = -5.5974
        static let foreignNames = -1.9271
        static let invertsRelation = 2.6872
        static let repeatsRelation = -1.0707
        static let statement = 2.0054
        static let negatesObject = -3.7027
        static let inverseOverDirect = 35.1214
        static let inverseOver70 = -19.0921
        static let directOver80 = -13.1431
        static let invertsExact = 7.3208
        static let invertsDirect = -4.9667
    }

    /// Any fact, asked for its object, by words alone: the same pairs without the terms that need vectors.
    enum Words {
        static let bias = -8.7860
        static let exactSubject = -0.2980
        static let subjectShare = 4.9499
        static let subjectShareOver60 = 18.4305
        static let foreignNames = 0.2840
        static let questionOverlap = 1.0777
        static let promptOverlap = 15.1604
        static let unmatchedWords = 0.7241
        static let overlap = -7.2170
        static let sameKind = 0.0219
        static let otherKind = -2.3353
        static let dateFits = 1.4289
        static let dateClashes = 0.5805
        static let objectPresent = -1.5054
        static let negatesObject = -8.0254
        static let hasName = -1.5398
        static let namedOverlap = -3.3531
        static let namedUnmatched = -0.0860
        static let hop = -1.3122
        static let hopOver50 = -4.2222
        static let anyUnmatched = -4.3319
        static let wholePrompt = -2.9156
    }
}
