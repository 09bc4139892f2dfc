extension SessionTests {
    /// What the commands of a correction's life show.
    static let corrections = """
        $ errata commit -m first --author ada --set Twitter|chief executive|Elon Musk
        Committed <id> on main: 1 asserted
        $ errata commit -m second --author ada --set Twitter|chief executive|Linda Yaccarino
        Committed <id> on main: 1 revised
        $ errata commit -m again --set Twitter|chief executive|Linda Yaccarino
        | Error: the commit changes nothing
        | Hint: Every fact in it already has the value that it asks for.
        = 1
        $ errata log
        <id>  <time>  ada       second
        <id>  <time>  ada       first
        <id>  <time>  <me>  (no message)
        $ errata diff main~1 main
        ~ The chief executive of Twitter is: Elon Musk → Linda Yaccarino
        | <id>..<id>: 1 revised
        $ errata history Twitter|chief executive
        <id>  <time>  ada       second
          ~ The chief executive of Twitter is: Elon Musk → Linda Yaccarino
        <id>  <time>  ada       first
          + The chief executive of Twitter is Elon Musk
        $ errata blame Twitter|chief executive
        The chief executive of Twitter is Linda Yaccarino
          commit   <id>
          time     <time>
          user     <user>
          author   ada
          message  second
        $ errata blame Twitter|chief executive --at main~1
        The chief executive of Twitter is Elon Musk
          commit   <id>
          time     <time>
          user     <user>
          author   ada
          message  first
        $ errata facts
        <id>  The chief executive of Twitter is Linda Yaccarino
                      twitter.chief-executive.946c85b0dea34d712b0759c0
        | 1 fact at <id>
        $ errata revert main
        Reverted <id> on main: 1 revised in <id>
        $ errata rollback main main~2
        Rolled main back from <id> to <id>
        $ errata rollback main main
        | Error: branch 'main' is already at <id>
        = 1
        $ errata show main
        commit    <hash>
        parent    <id>
        time      <time>
        user      <user>
        author    ada
        operation 2
        facts     1

            first

        + The chief executive of Twitter is Elon Musk
        $ errata tag v1 -m checked
        Tagged <id> as v1
        $ errata tag
        v1  <id>  <time>
        $ errata branch draft
        Made branch draft at <id>
        $ errata branch
        draft  <id>  <time>
        main   <id>  <time>
        $ errata branch -d draft
        Deleted branch draft (was at <id>)
        $ errata commit -m gone --retract Twitter|chief executive --expect v1
        Committed <id> on main: 1 retracted
        $ errata commit -m gone --retract Twitter|chief executive --expect v1
        | Error: branch 'main' is at <id>, not at <id>
        | Hint: Read the branch again and rebuild the commit on its new head.
        = 1
        $ errata show nosuch
        | Error: 'nosuch' names no version: there is no branch or tag of that name
        = 1
        $ errata verify
        Intact: 10 operations, 5 commits, 2 fact values
        Merkle root <hash>

        """

    /// What lists of commits and operations show.
    static let audits = """
        $ errata commit -m one --author Ada --set A|b|1
        Committed <id> on main: 1 asserted
        $ errata branch draft
        Made branch draft at <id>
        $ errata commit -m two --author Ada --set A|b|2
        Committed <id> on main: 1 revised
        $ errata commit -m rumour --author =Bob -b draft --set C|d|3
        Committed <id> on draft: 1 asserted
        $ errata tag v1
        Tagged <id> as v1
        $ errata log --graph --all -n 3
        ○  <id>  <day>  =Bob      (draft) rumour
        │ ○  <id>  <day>  Ada       (main, tag: v1) two
        ├─╯
        ○  <id>  <day>  Ada       one
        | There are more; use -n.
        $ errata log --graph --ascii --all -n 3
        *  <id>  <day>  =Bob      (draft) rumour
        | *  <id>  <day>  Ada       (main, tag: v1) two
        |-/
        *  <id>  <day>  Ada       one
        | There are more; use -n.
        $ errata log --all --subject c
        <id>  <time>  =Bob      rumour
        $ errata log --author Ada --grep TWO
        <id>  <time>  Ada       two
        $ errata log --graph --author Ada
        ○  <id>  <day>  Ada       (main, tag: v1) two
        ○  <id>  <day>  Ada       one
        $ errata log --graph --json
        | Error: --graph is for people: with --json, commits name their parents.
        | Usage: errata log <options>
        |   See 'errata log --help' for more information.
        = 64
        $ errata audit --sql SELECT type, count(*) AS n FROM operations GROUP BY type
        type          n
        branchCreate  1
        commit        3
        init          1
        model         1
        tagCreate     1
        $ errata audit --sql SELECT author, message FROM commits WHERE author = '=Bob' --csv
        author,message\r
        '=Bob,rumour\r
        $ errata audit --sql SELECT author FROM commits WHERE author = '=Bob' --csv --raw
        author\r
        =Bob\r
        $ errata audit --sql SELECT message AS m, 1 AS n FROM commits WHERE sequence = 2 --json
        [
        {"m":"one","n":1}
        ]
        $ errata audit --sql DROP TABLE operations
        | Error: a query may not use statements that change something
        | Hint: 'errata audit --schema' lists the tables and columns.
        = 1
        $ errata audit --sql SELECT 1 AS a UNION SELECT 2 -n 1
        a
        1
        | Warning: only the first 1 row; -n takes up to 100000

        """

    /// What the commands of two branches that come together show.
    static let merges = """
        $ errata commit -m first --author ada --set Twitter|CEO|Elon Musk
        Committed <id> on main: 1 asserted
        $ errata branch draft
        Made branch draft at <id>
        $ errata commit -m theirs --author grace -b draft --set Twitter|CEO|Linda Yaccarino
        Committed <id> on draft: 1 revised
        $ errata commit -m ours --author ada --set Twitter|CEO|Jack Dorsey
        Committed <id> on main: 1 revised
        $ errata merge draft --ff-only
        | Error: branch 'main' cannot just be moved to <id>: both have commits of their own
        | Hint: Merge with a commit.
        = 1
        $ errata merge draft --refuse-conflicts
        | Error: 1 fact was changed on both sides: <fact>
        | Hint: Change them on one side first, or let the merge keep the conflicts.
        = 1
        $ errata merge draft --author ada
        Merged draft into main: 1 revised in <id>
        1 fact in conflict
        | Hint: See 'errata conflicts'; choose by 'errata resolve FACT --ours|--theirs'.
        $ errata merge draft
        | Error: branch 'main' has <id> in its history already
        = 1
        $ errata conflicts
        <id>  twitter.ceo.34f0bed5e906ab93f2588da7
          base      The CEO of Twitter is Elon Musk
          1 ours    The CEO of Twitter is Jack Dorsey
                    <id>  <time>  ada       ours
          2 theirs  The CEO of Twitter is Linda Yaccarino
                    <id>  <time>  grace     theirs
        | 1 fact in conflict at <id>
        $ errata facts
        <id>  in conflict: The CEO of Twitter is Jack Dorsey | The CEO of Twitt…
                      twitter.ceo.34f0bed5e906ab93f2588da7
        | 1 fact at <id>
        $ errata show main
        commit    <hash>
        parent    <id>
        parent    <id>
        time      <time>
        user      <user>
        author    ada
        operation 6
        facts     1

            Merge draft into main

        ! in conflict: The CEO of Twitter is Jack Dorsey | The CEO of Twitter is Linda Yaccarino
        $ errata blame Twitter|CEO
        in conflict:
          1 ours    The CEO of Twitter is Jack Dorsey
                    <id>  <time>  ada       ours
          2 theirs  The CEO of Twitter is Linda Yaccarino
                    <id>  <time>  grace     theirs
          commit   <id>
          time     <time>
          user     <user>
          author   ada
          message  Merge draft into main
        $ errata resolve Twitter|CEO --theirs --author eve
        Resolved on main in <id>
          The CEO of Twitter is Linda Yaccarino
        $ errata blame Twitter|CEO
        The CEO of Twitter is Linda Yaccarino
          commit   <id>
          time     <time>
          user     <user>
          author   grace
          message  theirs
        $ errata resolve Twitter|CEO --ours
        | Error: the fact <fact> is not in conflict on branch 'main'
        | Hint: 'errata conflicts' lists those that are.
        = 1
        $ errata undo
        Undid @7 (commit): main is back at <id>
        $ errata resolve Twitter|CEO --value Parag Agrawal
        Resolved on main in <id>
          The CEO of Twitter is Parag Agrawal
        $ errata undo
        Undid @9 (commit): main is back at <id>
        $ errata undo
        Undid @10 (undo): main is back at <id>
        $ errata undo @1
        | Error: operation 1 cannot be undone: it is of type 'model'
        = 1
        $ errata revert --by grace --dry-run
        <id>  <time>  grace     theirs
        | Would revert 1 commit on main: no facts; nothing was changed
        | Hint: 1 fact changed later, and --skip-changed leaves it.
        $ errata revert --by ada --dry-run
        <id>  <time>  ada       ours
        <id>  <time>  ada       first
        | Would revert 2 commits on main: no facts; nothing was changed
        | Hint: 1 fact changed later, and --skip-changed leaves it.
        $ errata revert --by nobody
        | Error: no commit of the branch is to be reverted
        | Hint: 'errata log' lists its commits and who wrote them.
        = 1
        $ errata cherry-pick draft
        Picked draft onto main: 1 revised in <id>
        1 fact in conflict
        | Hint: See 'errata conflicts'; choose by 'errata resolve FACT --ours|--theirs'.
        $ errata diff main~1 main
        ! in conflict: The CEO of Twitter is Parag Agrawal | The CEO of Twitter is Linda Yaccarino
        | <id>..<id>: 1 revised

        """

    /// What the commands around a redaction show.
    static let redactions = """
        $ errata commit -m first --author ada --set Ada|address|12 St James
        Committed <id> on main: 1 asserted
        $ errata commit -m second --author ada --set Ada|address|Ockham Park
        Committed <id> on main: 1 revised
        $ errata redact Ada|address --reason asked for it
        | Error: redacting cannot be undone, and nobody is there to ask
        | Hint: Give --yes if you mean it.
        = 1
        $ errata redact Ada|address --reason wrong house --at main~1 --yes --author eve
        Redacted 1 value of fact <id> in @4
        | Not erased: commit messages, author names, questions in receipts, old backups.
        $ errata history Ada|address
        <id>  <time>  ada       second
          ~ (redacted in @4) → The address of Ada is Ockham Park
        <id>  <time>  ada       first
          + (redacted by eve on <time>: wrong house)
        $ errata redact Ada|address --reason asked for it --yes --author eve
        Redacted 1 value of fact <id> in @5
        | Not erased: commit messages, author names, questions in receipts, old backups.
        $ errata redact Ada|address --reason again --yes
        | Error: the fact <fact> has no such text to take away
        | Hint: It was redacted before, or never had that value.
        = 1
        $ errata facts
        <id>  (redacted by eve on <time>: asked for it)
        | 1 fact at <id>
        $ errata history Ada|address
        <id>  <time>  ada       second
          ~ (redacted in @4) → (redacted by eve on <time>: asked for it)
        <id>  <time>  ada       first
          + (redacted by eve on <time>: wrong house)
        $ errata blame Ada|address
        (redacted by eve on <time>: asked for it)
          commit   <id>
          time     <time>
          user     <user>
          author   ada
          message  second
        $ errata export
        $ errata commit -m gone --author ada --retract Ada|address
        Committed <id> on main: 1 retracted
        $ errata show main
        commit    <hash>
        parent    <id>
        time      <time>
        user      <user>
        author    ada
        operation 6
        facts     0

            gone

        - (redacted by eve on <time>: asked for it)
        $ errata verify
        Intact: 7 operations, 4 commits, 2 fact values
        Merkle root <hash>

        """

    /// What questions to facts that disagree show.
    static let answers = """
        $ errata commit -m two sources -
        Committed <id> on main: 2 asserted
        $ errata ask The length of Elbe is
        1,112 km
        1,094 km
        | The facts disagree: each of these answers the question.
        |   0.99  The length of the river Elbe is 1,112 km
        |         <id>  <time>  <user>
        |   0.99  The length of Elbe is 1,094 km
        |         <id>  <time>  <user>
        | at <id>  lookup (lexical)  <ms>  receipt <id>
        $ errata ask The length of Elbe is --strict --model lookup
        1,112 km
        1,094 km
        | The facts disagree: each of these answers the question.
        |   0.99  The length of the river Elbe is 1,112 km
        |         <id>  <time>  <user>
        |   0.99  The length of Elbe is 1,094 km
        |         <id>  <time>  <user>
        | at <id>  lookup (lexical)  <ms>  receipt <id>
        $ errata ask How deep is the Elbe?
        No fact at main answers this.
        | Nearest: The length of Elbe is 1,094 km
        |          (about the same subject, asks for something else, 0.12)
        | at <id>  lookup (lexical)  <ms>  receipt <id>
        $ errata ask The length of Elbe is --model gpt
        | Error: no model here is called 'gpt'
        | Hint: Known here: lookup (<id>), decoder.
        = 1
        $ errata models answerers
        lookup  <id>  <time>  @1  default

        """

    /// What reading edits from a pipe shows.
    static let files = """
        $ errata commit -m from a pipe -
        Committed <id> on main: 2 asserted
        $ errata import - --dry-run
        Would commit 2 facts; nothing was changed
        $ errata import -
        2 facts were there already
        $ errata commit -m escaped --set a\\|b|is|c\\\\d
        Committed <id> on main: 1 asserted
        $ errata facts --subject A|B
        <id>  The is of a|b is c\\d
                      a-b.is.a213b4eb8cca73806a02e3c6
        | 1 about 'A|B' of 3 facts at <id>

        """
}
