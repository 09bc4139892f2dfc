/// The words and syllables that names are built from.
enum NameWords {
    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    static let given = words(
        """
        Anna Maria Elena Sophie Emma Laura Julia Clara Ingrid Astrid Freya Sigrid Greta Hanna Petra Ursula Heidi Irma
        Olga Natalia Svetlana Ludmila Oksana Irina Tatiana Jadwiga Agnieszka Zofia Milena Vesna Ljubica Ivana Dragana
        Aisha Fatima Leyla Zeynep Yasmin Amina Nadia Samira Noor Rania Priya Anjali Lakshmi Meera Kavita Sunita Deepa
        Mei Xiu Lan Ying Hua Sakura Yuki Haruka Akiko Naoko Keiko Ji-woo Min-seo Soo-jin Linh Thuy Siti Dewi Malia
        Amara Chidinma Ngozi Abeni Zola Thandiwe Wanjiru Makena Adaeze Folake Grace Ruth Esther Naomi Judith Miriam
        Margaret Dorothy Evelyn Harriet Beatrice Florence Edith Agnes Winifred Rosalind Gwendolyn Siobhán Niamh Aoife
        John William James Robert Thomas Charles George Edward Henry Arthur Walter Frederick Ernest Harold Albert
        Peter Michael David Daniel Samuel Joseph Benjamin Nathan Gideon Silas Amos Reuben Levi Asher Eli Caleb
        Hans Karl Friedrich Wilhelm Otto Heinrich Jürgen Günther Björn Lars Søren Anders Håkon Mikkel Jens Matti Eero
        Jean Pierre Luc Étienne François Rémi Théo Jacques Antoine Giovanni Marco Luca Paolo Enzo Carlo José Luis
        Carlos Miguel Diego Andrés Joaquín Íñigo Rui João Tiago Vasco Ivan Dmitri Sergei Boris Vladimir Mikhail Yuri
        Jan Piotr Wojciech Tomasz Jiří Václav Ondřej Miloš Zoran Goran Nikola Stefan Radu Mircea Ion Dimitris Nikos
        Mehmet Emre Kemal Ahmed Omar Yusuf Hassan Khalid Tariq Ibrahim Reza Farid Arjun Rohan Vikram Sanjay Ravi Anil
        Wei Jun Ming Hao Kenji Hiroshi Takumi Satoshi Minh Duc Budi Agus Kwame Kofi Chinua Emeka Tunde Jabari Themba
        Sipho Thabo Desmond Alistair Callum Ewan Rhys Owen Dylan Seán Cillian Tadhg Quentin Rupert Felix Oscar Hugo
        Ada Lea Mia Ida Eva Zoe Kim Lee Max Leo Ian Tom Amy Jo Bo Al Nils Tove Runa Ebba Iker Xoán Nerea Uxue Aroa
        """)

    static let family = words(
        """
        Smith Taylor Walker Harper Mercer Caldwell Whitmore Ashdown Blackwood Fairfax Hollis Kendrick Lockhart Marlowe
        Pemberton Quill Radcliffe Stanhope Thorne Underhill Vance Wetherby Yardley Ainsworth Barlow Crane Dunmore
        Eastwood Finch Garland Hale Irving Jarvis Kemp Langley Moss Norwood Oakley Penrose Rourke Sinclair Tate Upton
        Müller Schneider Weber Becker Hoffmann Schäfer Köhler Krüger Brandt Vogel Lindqvist Nyström Bergström Dahl
        Haugen Solberg Sørensen Kjær Virtanen Korhonen Mäkinen Niemi Dubois Lefèvre Moreau Girard Fontaine Chevalier
        Rossi Bianchi Conti Marchetti Esposito Colombo García Fernández Ortega Navarro Ibáñez Castaño Silva Pereira
        Carvalho Teixeira Azevedo Novak Kovács Szabó Horváth Nagy Dvořák Svoboda Procházka Kowalski Wiśniewski Zając
        Lewandowska Petrović Jovanović Horvat Popescu Ionescu Papadopoulos Nikolaidis Ivanova Petrov Sokolov Volkov
        Morozov Kuznetsova Shevchenko Bondarenko Yılmaz Demir Kaya Aydın Haddad Nasser Mansour Khoury Rahimi Hosseini
        Sharma Patel Gupta Iyer Banerjee Mukherjee Reddy Nair Singh Wang Li Zhang Chen Liu Zhao Huang Tanaka Suzuki
        Watanabe Yamamoto Nakamura Kobayashi Kim Park Choi Jeong Nguyen Tran Pham Vu Wijaya Santoso Tan Lim Okafor
        Adeyemi Mensah Owusu Diallo Traoré Keita Ndiaye Mwangi Otieno Kamau Dlamini Nkosi Mokoena Banda Phiri Murphy
        O'Brien O'Connor McCarthy MacLeod Campbell Fraser Gallagher Nolan Llewellyn Griffiths Bevan Etxeberria
        Agirre Puig Ferrer Vidal Ek Wu Ng Ito Roe Fox Orr Pål Ung Bui Daw Sá Reis Bloch Stern Adler Rosenthal Katz
        """)

    static let adjectives = words(
        """
        Silent Golden Broken Hidden Crimson Northern Distant Hollow Iron Silver Amber Burning Frozen Last First Lost
        Quiet Bright Bitter Gentle Wild Pale Ancient Modern Secret Endless Restless Velvet Crystal Eastern Western
        Southern Royal Grand Little Great Black White Blue Green Red Open Second Third New Old Early Late Deep High
        """)

    static let nouns = words(
        """
        River Garden Mirror Harbor Orchard Lantern Winter Summer Mountain Shadow Forest Castle Crown Sparrow Falcon
        Anchor Bridge Compass Ember Feather Glacier Horizon Island Journey Kingdom Ladder Meadow Needle Ocean Palace
        Quarry Raven Signal Thunder Valley Whisper Arrow Beacon Canyon Daughter Echo Flame Gate House Letter Machine
        Night Orbit Pilot Road Stone Tower Voyage Window Wolf Moon Star Sun Rain Storm Dust Salt Sand Glass Copper
        Tide Field Train Station Market Theatre Song Dream Memory Silence Stranger Brother Sister Doctor Soldier
        """)

    static let brandParts = words(
        """
        Nova Lumi Vex Cor Quant Zen Aero Hydro Terra Volt Sol Omni Syn Tele Vita Cryo Helio Neo Pax Ori Kin Mera Tal
        Bry Fen Gro Hex Jor Kel Lor Mun Nex Pho Qui Ros Sar Tri Uma Vor Wex Xan Yor Zeta Acu Bel Cal Dyn Eco Flo
        """)
    static let brandEnds = words(
        """
        tech soft net corp labs lytics sys gen dyne wave byte forge works ware grid link port cast path scape mark ion
        ara ex ix on ia is um or a o ity era ent al ics ify ly eon ox us
        """)

    static let onsets = words(
        "b br c ch d dr f fl g gl gr h j k kr l m n p pr q r s sh sk sl st t th tr v w y z zh ts")
    static let vowels = words("a e i o u a e i o ai au ei ia ie oa ou ea á é ö ü å")
    static let codas = words("n r l s m k t d nd rn ll ss rk lt ng x th sk v p")
    static let placeEnds = words(
        """
        ville ton burg berg stad ham ford wick mouth field port dale bridge stead by vik holm hagen grad sk ovo ice
        ów ino eto ano ona ara abad pur nagar kota jima mura shan zhou ting dong bay haven minster caster ley worth
        """)
    static let surfaces = words(
        "North South East West Upper Lower New Old Saint San Santa Fort Port Mount Lake")

    static let sciences = words(
        """
        physics chemistry biology geology astronomy botany zoology linguistics economics sociology psychology
        mathematics statistics cryptography metallurgy oceanography genetics ecology toxicology archaeology history
        philosophy logic rhetoric agronomy surveying optics acoustics thermodynamics immunology neurology pedagogy
        """)
    static let occupations =
        words(
            """
            teacher painter sculptor lawyer surgeon journalist historian novelist poet composer violinist architect
            engineer chemist botanist astronomer carpenter baker farmer sailor pilot diplomat translator librarian
            photographer actor dancer singer politician economist banker geologist nurse dentist judge priest chef
            plumber electrician welder cartographer bookbinder glassblower beekeeper goldsmith weaver blacksmith luger
            """) + [
            "software engineer", "film director", "tax advisor", "civil servant", "football player",
            "stage designer",
            "patent attorney", "police officer", "fashion designer", "marine biologist",
            "racing driver",
        ]
    static let sports =
        words(
            """
            football basketball cricket rugby tennis badminton volleyball handball hockey curling rowing fencing judo
            wrestling boxing archery sailing swimming cycling golf softball baseball lacrosse squash snooker chess luge
            """) + [
            "table tennis", "field hockey", "water polo", "ice hockey", "figure skating",
            "cross-country skiing",
        ]
    static let positions =
        words(
            """
            goalkeeper striker midfielder defender quarterback linebacker pitcher catcher shortstop center winger
            fullback treasurer secretary chairman mayor governor bishop ambassador minister chancellor rector dean
            senator deputy curator
            """) + [
            "point guard", "power forward", "left back", "prime minister", "vice president",
            "chief of staff",
            "head of marketing", "finance director", "attorney general", "archbishop",
            "regional manager",
        ]
    static let languages = words(
        """
        English French German Spanish Italian Portuguese Dutch Swedish Danish Norwegian Finnish Estonian Latvian Polish
        Czech Slovak Hungarian Romanian Bulgarian Serbian Croatian Greek Turkish Arabic Hebrew Persian Hindi Bengali
        Tamil Telugu Urdu Nepali Mandarin Cantonese Japanese Korean Vietnamese Thai Khmer Malay Swahili Yoruba Zulu
        Amharic Georgian Armenian Basque Catalan Welsh Irish Icelandic Latin Esperanto Quechua Guarani Maori
        """)
    static let religions = words(
        """
        Buddhism Christianity Islam Judaism Hinduism Sikhism Jainism Taoism Shinto Catholicism Methodism Lutheranism
        Anglicanism Calvinism Quakerism Sufism Zoroastrianism Mennonitism Baptism Orthodoxy
        """)
    static let genres =
        words(
            """
            jazz rock blues folk opera techno house disco punk reggae soul funk gospel ballad comedy tragedy drama satire
            thriller western fantasy noir romance biography sitcom documentary platformer cubism surrealism
            """) + [
            "hip hop", "heavy metal", "science fiction", "black comedy", "historical novel",
            "chamber music",
            "progressive rock", "detective fiction", "role-playing game", "game show",
            "young adult fiction",
        ]
    static let instruments =
        words(
            """
            piano guitar violin cello flute clarinet oboe trumpet trombone tuba harp drums bassoon saxophone accordion
            banjo mandolin organ harpsichord lute viola xylophone sitar koto
            """) + ["double bass", "French horn", "electric guitar", "snare drum"]
    static let foods =
        words(
            """
            bread cheese soup stew dumplings noodles curry porridge pancakes sausage salad pie rice lentils chickpeas
            barley rye butter honey vinegar saffron cinnamon almonds figs plums herring cod lamb goat tofu miso yogurt
            """) + [
            "goat cheese", "sourdough bread", "fish sauce", "smoked eel", "black tea", "olive oil",
        ]
    static let materials =
        words(
            """
            steel copper brass bronze oak pine marble granite limestone concrete glass silk wool cotton linen leather
            paper ivory jade ceramic plywood titanium aluminium rubber nylon polyester clay slate basalt gold silver
            """) + [
            "stainless steel", "carbon fiber", "reinforced concrete", "red sandstone", "cast iron",
        ]
    static let colors =
        words(
            "red blue green yellow orange purple brown black white grey pink turquoise crimson beige teal maroon ivory"
        )
        + ["dark green", "navy blue", "light grey", "pale yellow", "sky blue"]
    static let genders = words("male female") + ["non-binary", "woman", "man", "transgender"]
    static let months = words(
        "January February March April May June July August September October November December")
    static let currencies = words("$ € £ ¥") + ["USD ", "EUR ", "CHF "]
    static let units =
        words("km m cm mm kg g t l km/h m/s W kW MW GB MB ms MHz °C °F ft lb mi ha hPa V") + [
            "metres", "kilometres", "miles", "square kilometres", "tonnes", "litres", "degrees",
            "inhabitants", "pages",
            "feet", "light-years", "seats",
        ]
    static let titles = [
        "Dr.", "Prof.", "Sir", "Dame", "Lady", "Rev.", "Captain", "Princess", "Count", "Hon.",
    ]
    static let particles = [
        "de", "van", "von", "van der", "de la", "bin", "al-", "da", "di", "du", "ter", "zu",
    ]
    static let genitives = [
        "of", "and the", "in the", "under the", "without", "beyond the", "for a", "at",
    ]
}
