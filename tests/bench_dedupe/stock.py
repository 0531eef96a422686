"""What made-up customers are made of. Common names are as much more common as they are in the United States, roughly."""

from itertools import accumulate, product
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")

WOMEN = ["Mary", "Patricia", "Linda", "Jennifer", "Barbara", "Elizabeth", "Susan", "Jessica", "Sarah", "Karen", "Lisa", "Nancy", "Sandra", "Betty", "Ashley", "Emily", "Kimberly", "Margaret", "Donna", "Michelle", "Carol", "Amanda", "Melissa", "Deborah", "Stephanie", "Rebecca", "Sharon", "Laura", "Cynthia", "Dorothy", "Amy", "Kathleen", "Angela", "Shirley", "Emma", "Brenda", "Pamela", "Nicole", "Anna", "Samantha", "Katherine", "Christine", "Debra", "Rachel", "Carolyn", "Janet", "Maria", "Olivia", "Heather", "Helen", "Catherine", "Diane", "Julie", "Victoria", "Joyce", "Lauren", "Kelly", "Christina", "Ruth", "Joan", "Virginia", "Judith", "Evelyn", "Hannah", "Andrea", "Megan", "Cheryl", "Jacqueline", "Madison", "Teresa", "Abigail", "Sophia", "Martha", "Sara", "Gloria", "Janice", "Kathryn", "Ann", "Isabella", "Judy", "Charlotte", "Julia", "Grace", "Amber", "Alice", "Jean", "Denise", "Frances", "Danielle", "Marilyn", "Natalie", "Beverly", "Diana", "Brittany", "Theresa", "Kayla", "Alexis", "Doris", "Lori", "Tiffany", "Rosa", "Guadalupe", "Carmen", "Lucia", "Elena", "Priya", "Mei", "Fatima", "Keisha", "Latoya", "Yolanda", "Yesenia", "Thuy", "Svetlana", "Ingrid", "Noor", "Xiomara", "Beatriz"]
MEN = ["James", "Robert", "John", "Michael", "David", "William", "Richard", "Joseph", "Thomas", "Christopher", "Charles", "Daniel", "Matthew", "Anthony", "Mark", "Donald", "Steven", "Andrew", "Paul", "Joshua", "Kenneth", "Kevin", "Brian", "George", "Timothy", "Ronald", "Jason", "Edward", "Jeffrey", "Ryan", "Jacob", "Gary", "Nicholas", "Eric", "Jonathan", "Stephen", "Larry", "Justin", "Scott", "Brandon", "Benjamin", "Samuel", "Gregory", "Alexander", "Patrick", "Frank", "Raymond", "Jack", "Dennis", "Jerry", "Tyler", "Aaron", "Jose", "Adam", "Nathan", "Henry", "Zachary", "Douglas", "Peter", "Kyle", "Noah", "Ethan", "Jeremy", "Christian", "Walter", "Keith", "Austin", "Roger", "Terry", "Sean", "Gerald", "Carl", "Dylan", "Harold", "Jordan", "Jesse", "Bryan", "Lawrence", "Arthur", "Gabriel", "Bruce", "Logan", "Billy", "Joe", "Alan", "Juan", "Elijah", "Willie", "Albert", "Wayne", "Randy", "Mason", "Vincent", "Liam", "Roy", "Bobby", "Caleb", "Bradley", "Russell", "Lucas", "Luis", "Carlos", "Miguel", "Jesus", "Francisco", "Antonio", "Manuel", "Hector", "Rajesh", "Wei", "Ahmed", "Minh", "Dmitri", "Kwame", "Tyrone", "Deshawn", "Hiroshi", "Omar", "Sanjay", "Enrique", "Salvatore", "Lars"]
SURNAMES = ["Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner", "Diaz", "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook", "Rogers", "Gutierrez", "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly", "Howard", "Ramos", "Kim", "Cox", "Ward", "Richardson", "Watson", "Brooks", "Chavez", "Wood", "James", "Bennett", "Gray", "Mendoza", "Ruiz", "Hughes", "Price", "Alvarez", "Castillo", "Sanders", "Patel", "Myers", "Long", "Ross", "Foster", "Jimenez", "Powell", "Jenkins", "Perry", "Russell", "Sullivan", "Bell", "Coleman", "Butler", "Henderson", "Barnes", "Gonzales", "Fisher", "Vasquez", "Simmons", "Romero", "Jordan", "Patterson", "Alexander", "Hamilton", "Graham", "Reynolds", "Griffin", "Wallace", "Moreno", "West", "Cole", "Hayes", "Bryant", "Herrera", "Gibson", "Ellis", "Tran", "Medina", "Aguilar", "Stevens", "Murray", "Ford", "Castro", "Marshall", "Owens", "Harrison", "Fernandez", "McDonald", "Woods", "Washington", "Kennedy", "Wells", "Vargas", "Henry", "Chen", "Freeman", "Webb", "Tucker", "Guzman", "Burns", "Crawford", "Olson", "Simpson", "Porter", "Hunter", "Gordon", "Mendez", "Silva", "Shaw", "Snyder", "Mason", "Dixon", "Munoz", "Hunt", "Hicks", "Holmes", "Palmer", "Wagner", "Black", "Robertson", "Boyd", "Rose", "Stone", "Salazar", "Fox", "Warren", "Mills", "Meyer", "Rice", "Schmidt", "Garza", "Daniels", "Ferguson", "Nichols", "Stephens", "Soto", "Weaver", "Ryan", "Gardner", "Payne", "Grant", "Dunn", "Kelley", "Spencer", "Hawkins", "Arnold", "Pierce", "Hansen", "Peters", "Santos", "Hart", "Bradley", "Knight", "Elliott", "Cunningham", "Duncan", "Armstrong", "Hudson", "Carroll", "Lane", "Riley", "Andrews", "Alvarado", "Ray", "Delgado", "Berry", "Perkins", "Hoffman", "Johnston", "Matthews", "Pena", "Richards", "Contreras", "Willis", "Carpenter", "Lawrence", "Sandoval", "O'Brien", "O'Connor", "McCarthy", "McKenna", "Singh", "Khan", "Yang", "Wong", "Park", "Cho", "Ito", "Tanaka", "Kowalski", "Nowak", "Ivanov", "Petrov", "Rossi", "Russo", "Esposito", "Haddad", "Okafor", "Mensah"]
_HEADS = ["Ash", "Bar", "Beck", "Black", "Brad", "Bran", "Buck", "Burn", "Cald", "Car", "Chat", "Clay", "Cran", "Crow", "Dal", "Dar", "Dun", "East", "Ed", "Fair", "Farn", "Fen", "Gold", "Grim", "Hadd", "Hal", "Har", "Hart", "Haver", "Hazel", "Hol", "Horn", "Hux", "Kel", "Kings", "Lang", "Lind", "Lock", "Mar", "Mel", "Mid", "Nor", "Oak", "Orm", "Pem", "Pres", "Quin", "Rad", "Red", "Rock", "Row", "Sal", "Sand", "Shel", "Stan", "Stock", "Suth", "Swan", "Thorn", "Tren", "Wake", "Wal", "Wat", "Wes", "Whit", "Win", "Wood", "Wyn", "York"]
_TAILS = ["berg", "bourne", "brook", "bury", "by", "cott", "croft", "den", "ding", "dale", "er", "field", "ford", "gate", "ham", "hart", "hurst", "ington", "kin", "land", "ley", "low", "man", "mann", "mere", "mont", "more", "ner", "ridge", "rick", "sen", "shaw", "ski", "son", "stein", "stead", "sted", "ster", "ston", "thorpe", "ton", "vell", "ville", "wald", "well", "wick", "wood", "worth"]
RARE = [head + tail for head, tail in product(_HEADS, _TAILS)]
STREETS = ["Main", "Oak", "Maple", "Cedar", "Pine", "Elm", "Washington", "Lake", "Hill", "Walnut", "Spring", "North", "Ridge", "Church", "Willow", "Park", "Mill", "River", "Sunset", "Railroad", "Jackson", "Highland", "Johnson", "Jefferson", "Lincoln", "Franklin", "Meadow", "Forest", "Chestnut", "Locust", "Hickory", "Dogwood", "Poplar", "Birch", "Magnolia", "Juniper", "Sycamore", "Laurel", "Holly", "Ash", "Spruce", "Cherry", "Peach", "Vine", "Ivy", "Rose", "Adams", "Madison", "Monroe", "Harrison", "Tyler", "Taylor", "Grant", "Wilson", "Roosevelt", "Truman", "Kennedy", "Clinton", "Center", "Market", "Union", "Liberty", "College", "School", "Academy", "Court", "Front", "Water", "Broad", "High", "Valley", "Prospect", "Pleasant", "Fairview", "Lakeview", "Riverside", "Hillcrest", "Woodland", "Parkside", "Brookside", "Creekside", "Eastwood", "Westwood", "Northgate", "Southport", "Kingston", "Windsor", "Cambridge", "Oxford", "Bristol", "Canterbury", "Ashford", "Wellington", "Stratford", "Arlington", "Sheridan", "Sherman", "Crescent", "Summit", "Mountain", "Canyon", "Desert", "Mesa", "Vista", "Sierra", "Alameda", "Mission", "Santa|Fe", "San|Juan", "El|Camino", "La|Mesa", "Old|Mill", "Deer|Run", "Fox|Hollow", "Quail|Creek", "Turkey|Trot", "Copper|Hill", "Stone|Bridge", "Martin|Luther|King", "Saint|Johns", "Rocky|Point", "Indian|Trail", "Peachtree", "Bluebonnet", "Mockingbird", "Cardinal", "Robin", "Eagle", "Falcon", "Hawthorne", "Whitman", "Emerson", "Longfellow"]
STREET_KINDS = (
    ("Street", "St", 28), ("Avenue", "Ave", 18), ("Road", "Rd", 14), ("Drive", "Dr", 16), ("Lane", "Ln", 9),
    ("Court", "Ct", 5), ("Boulevard", "Blvd", 3), ("Way", "Way", 3), ("Circle", "Cir", 2), ("Place", "Pl", 2),
    ("Trail", "Trl", 1), ("Parkway", "Pkwy", 1), ("Terrace", "Ter", 1),
)  # fmt: skip
DIRECTIONS = (("North", "N"), ("South", "S"), ("East", "E"), ("West", "W"))
TOWNS = ["Springfield", "Fairview", "Riverton", "Georgetown", "Franklin", "Greenville", "Clinton", "Madison", "Salem", "Bristol", "Ashland", "Burlington", "Manchester", "Milton", "Newport", "Oxford", "Auburn", "Dayton", "Lexington", "Milford", "Winchester", "Cleveland", "Hudson", "Kingston", "Dover", "Jackson", "Oakland", "Centerville", "Lebanon", "Mount|Vernon", "Saint|Paul", "Fort|Wayne", "West|Haven", "North|Port", "Cedar|Rapids", "Glen|Rock", "Lake|Forest", "Sun|City"]
STATES = (("Texas", "TX", ("214", "469", "972", "817")), ("Arizona", "AZ", ("480", "602", "623")),
          ("Georgia", "GA", ("404", "770", "678")), ("Ohio", "OH", ("614", "740")))  # fmt: skip
PROVIDERS = (("gmail.com", 46), ("yahoo.com", 18), ("hotmail.com", 8), ("outlook.com", 6), ("aol.com", 7), ("icloud.com", 6),
             ("comcast.net", 5), ("att.net", 3), ("verizon.net", 1))  # fmt: skip
TRADES = ["Bakery", "Dental", "Motors", "Cafe", "Realty", "Storage", "Fitness", "Books", "Brewing", "Catering", "Construction", "Landscaping", "Roofing", "Accounting", "Insurance", "Salon", "Florist", "Auto|Repair", "Law|Office", "Consulting", "Electric", "Painting", "Flooring", "Daycare", "Veterinary|Clinic", "Pharmacy", "Deli", "Machine|Shop", "Printing", "Photography", "Cleaners", "Trucking", "Farms", "Church", "Furniture", "Design|Studio", "Pizza", "Grill", "Hardware", "Transport"]
FORMS = (
    ("", 40),
    (" LLC", 25),
    (", LLC", 6),
    (" Inc", 10),
    (", Inc.", 8),
    (" Co.", 5),
    (" Corp", 3),
    (" Ltd", 3),
)
BRANDS = ["Burger|Barn", "Quick|Stop", "Golden|Wok", "Super|Clips", "Pet|Palace", "Taco|Fiesta", "Dollar|Depot", "Sleep|Well|Inn", "Sun|Tan|City", "Fresh|Market", "Auto|Zoneline", "Smoothie|Hut", "Bagel|Brothers", "Vision|First", "Iron|Gym", "Kids|Corner", "Pizza|Planet", "Nail|Garden", "Tire|World", "Coffee|Cabin"]
MANAGERS = ["Realty", "Property|Management", "Properties", "Rentals", "Residential", "Leasing", "Apartments", "Homes", "Real|Estate", "Holdings"]
PLACEHOLDER_PHONES = ("5555555555", "0000000000", "9999999999", "1234567890", "1111111111", "555-555-5555")
PLACEHOLDER_EMAILS = (
    "none@none.com",
    "noemail@noemail.com",
    "na@na.com",
    "noreply@gmail.com",
    "test@test.com",
)
NICKNAMES = {
    "Robert": ("Bob", "Rob", "Bobby"), "William": ("Bill", "Will", "Billy"), "James": ("Jim", "Jimmy", "Jamie"),
    "John": ("Jack", "Johnny", "Jon"), "Michael": ("Mike", "Mikey"), "Richard": ("Rick", "Dick", "Rich"),
    "Joseph": ("Joe", "Joey"), "Thomas": ("Tom", "Tommy"), "Christopher": ("Chris",), "Charles": ("Chuck", "Charlie"),
    "Daniel": ("Dan", "Danny"), "Matthew": ("Matt",), "Anthony": ("Tony",), "Donald": ("Don",), "Steven": ("Steve",),
    "Andrew": ("Andy", "Drew"), "Joshua": ("Josh",), "Kenneth": ("Ken", "Kenny"), "Timothy": ("Tim",),
    "Ronald": ("Ron",), "Edward": ("Ed", "Eddie", "Ted"), "Jeffrey": ("Jeff",), "Jacob": ("Jake",),
    "Nicholas": ("Nick",), "Jonathan": ("Jon",), "Stephen": ("Steve",), "Lawrence": ("Larry",), "Benjamin": ("Ben",),
    "Samuel": ("Sam",), "Gregory": ("Greg",), "Alexander": ("Alex",), "Patrick": ("Pat",), "Raymond": ("Ray",),
    "Gerald": ("Jerry",), "Zachary": ("Zach",), "Douglas": ("Doug",), "Peter": ("Pete",), "Walter": ("Walt",),
    "Arthur": ("Art",), "Albert": ("Al",), "Vincent": ("Vince",), "Francisco": ("Frank", "Paco"), "Russell": ("Russ",),
    "Patricia": ("Pat", "Patty", "Tricia"), "Jennifer": ("Jen", "Jenny"), "Barbara": ("Barb",),
    "Elizabeth": ("Liz", "Beth", "Betty"), "Susan": ("Sue", "Susie"), "Jessica": ("Jess",), "Margaret": ("Peggy", "Maggie", "Meg"),
    "Kimberly": ("Kim",), "Deborah": ("Debbie", "Deb"), "Stephanie": ("Steph",), "Rebecca": ("Becky",),
    "Cynthia": ("Cindy",), "Kathleen": ("Kathy",), "Pamela": ("Pam",), "Samantha": ("Sam",),
    "Katherine": ("Kate", "Kathy", "Katie"), "Christine": ("Chris", "Tina"), "Catherine": ("Cathy", "Kate"),
    "Victoria": ("Vicky",), "Jacqueline": ("Jackie",), "Teresa": ("Terry",), "Abigail": ("Abby",),
    "Judith": ("Judy",), "Kathryn": ("Kathy",), "Christina": ("Tina", "Chris"), "Michelle": ("Shelly",),
    "Sandra": ("Sandy",), "Amanda": ("Mandy",), "Dorothy": ("Dot",), "Theresa": ("Terry", "Tess"), "Amelia": ("Amy",),
}  # fmt: skip


class Weighted(Generic[Item]):
    """Choosing by weight."""

    def __init__(self, items: list[Item], weights: list[float]) -> None:
        self.items, self.sums = items, list(accumulate(weights))

    def choose(self, random: Random) -> Item:
        return random.choices(self.items, cum_weights=self.sums)[0]


def _by_rank(items: list[str], exponent: float) -> Weighted[str]:
    return Weighted(items, [1 / (rank + 8) ** exponent for rank in range(len(items))])


GIVEN = {"f": _by_rank(WOMEN, 1.0), "m": _by_rank(MEN, 1.1)}
SURNAME = _by_rank(SURNAMES, 0.9)
KIND = Weighted([kind[:2] for kind in STREET_KINDS], [float(kind[2]) for kind in STREET_KINDS])
PROVIDER = Weighted([name for name, _ in PROVIDERS], [float(weight) for _, weight in PROVIDERS])
FORM = Weighted([name for name, _ in FORMS], [float(weight) for _, weight in FORMS])


def words(text: str) -> str:
    return text.replace("|", " ")


def surname(random: Random) -> str:
    """Six in ten have one of the common surnames; one in thirty has two."""
    one = SURNAME.choose(random) if random.random() < 0.6 else random.choice(RARE)
    if random.random() < 0.03:
        one += random.choice((" ", "-")) + SURNAME.choose(random)
    return one
