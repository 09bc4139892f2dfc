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
        | Error: --graph draws whole histories: give it no filter and no --json.
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
        | Hint: Known here: lookup (<id>).
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
