"""Word lists of the synthetic catalogue, by language and class.

`lexicon` adds pseudowords to these small lists, to imitate the long tail of a real
catalogue (brands, models, authors, titles) without copying one. Languages with fewer
listings have function words and commercial words only; all their nouns are pseudowords.
"""

from __future__ import annotations

#: Words unrelated to the product, the most frequent first.
FUNCTION = {
    "fr": "de la le et pour les en des un avec une à du dans sur par ce est sans au "
    "qui vous votre pas plus aux ou que se sont cette son comme tout très",
    "en": "the of and for with a in to is on your this by from it as or an are you "
    "that not all can be has its our will very more",
    "de": "der die und für mit das in von den ist zu im auf ein eine aus sich nicht "
    "bei auch als an werden oder sie wird nach wie sehr durch",
    "it": "di e per con il la in un da del una che è non le dei alla si al più sono "
    "nel come anche della gli molto",
    "es": "de y para con el la en un una los que del las se por no es su al más como "
    "sin este muy son sobre también",
    "nl": "de van en het een voor met in is op te zijn aan dat niet bij om uit ook "
    "deze of naar door wordt zeer geen",
    "pt": "de e para com o a em um uma os que do da não se por é mais as no na como "
    "sem este muito são também dos",
}

#: Words of any listing.
GENERIC = {
    "fr": "neuf état couleur noir blanc taille livraison qualité lot rouge bleu "
    "produit garantie envoi marque modèle vert rose gris dimension poids matière "
    "accessoire nouveau petit grand ancien boîte pièce original édition rare facile "
    "hauteur largeur longueur emballage article vendeur prix promotion cadeau idéal "
    "léger solide résistant pratique utilisation description caractéristique haute "
    "paquet contenu inclus compatible",
    "en": "new black white size quality color set red blue product pack brand model "
    "green pink shipping weight material piece item original easy high small large "
    "great perfect condition package include feature design light strong durable "
    "gift home use style special edition rare vintage complete compatible",
    "de": "neu schwarz weiß größe qualität farbe rot blau produkt stück marke modell "
    "grün versand gewicht material original einfach klein groß zustand verpackung "
    "lieferung ideal geschenk leicht stabil selten komplett höhe breite länge artikel",
    "it": "nuovo nero bianco colore taglia qualità prodotto rosso blu marca modello "
    "verde peso materiale pezzo spedizione facile piccolo grande confezione originale",
    "es": "nuevo negro blanco color tamaño calidad producto rojo azul marca modelo "
    "verde peso material pieza envío fácil pequeño grande paquete original",
    "nl": "nieuw zwart wit kleur maat kwaliteit product rood blauw merk model groen "
    "gewicht materiaal stuk verzending makkelijk klein groot verpakking origineel",
    "pt": "novo preto branco cor tamanho qualidade produto vermelho azul marca modelo "
    "verde peso material peça envio fácil pequeno grande pacote original",
}

#: Words shared by the classes of a group, which are therefore easily confused.
GROUP = {
    "book": {
        "fr": "livre tome auteur page collection histoire édition broché couverture "
        "récit siècle vie monde enfant amour guerre lettre art chapitre",
        "en": "book volume author page history story world life hardcover paperback "
        "edition love war art letter illustrated",
        "de": "buch band autor seite geschichte welt leben ausgabe liebe krieg kunst",
    },
    "game": {
        "fr": "jeu vidéo manette console joueur niveau version pilote partie course "
        "combat écran code aventure mission carte",
        "en": "game controller console player level version video race battle screen "
        "code adventure mission edition",
        "de": "spiel konsole spieler version steuerung kampf rennen bildschirm",
    },
    "toy": {
        "fr": "jouet enfant figurine jeu héros monstre robot plastique personnage "
        "dragon roi armée véhicule âge collection univers",
        "en": "toy figure kid game hero monster robot plastic character dragon king "
        "army vehicle collectible",
        "de": "spielzeug figur kind spiel held drache roboter könig sammlung",
    },
    "home": {
        "fr": "maison bois salon chambre jardin décoration tissu mural métal acier "
        "coton pied support design moderne intérieur extérieur montage",
        "en": "house wood room garden decoration fabric wall metal steel cotton "
        "outdoor indoor modern frame",
        "de": "haus holz zimmer garten dekoration stoff wand metall stahl innen außen",
    },
    "other": {
        "fr": "sac étui set kit sport bébé animal main protection fermeture étanche",
        "en": "bag case kit sport baby pet hand protection waterproof",
        "de": "tasche set sport baby tier hand schutz",
    },
}

#: Words of a class, the most specific first.
CLASS = {
    10: {
        "fr": "roman poésie essai théâtre mémoires philosophie traité biographie "
        "pensée correspondance traduction recueil légende réimpression",
        "en": "novel poem essay memoir treatise biography translation philosophy "
        "reprint lecture",
        "de": "roman gedicht abhandlung lehre briefe übersetzung",
    },
    40: {
        "fr": "import japonais cartouche disque stratégie rôle simulation notice "
        "arcade tir football plateforme",
        "en": "import japan disc shooter strategy platform simulation arcade football "
        "sealed",
        "de": "import hülle strategie simulation anleitung spielesammlung",
    },
    50: {
        "fr": "casque chargeur câble volant housse souris clavier micro batterie "
        "joystick adaptateur coque",
        "en": "headset charger cable wheel mouse keyboard battery joystick adapter "
        "grip",
        "de": "ladegerät kabel lenkrad maus tastatur akku adapter",
    },
    60: {
        "fr": "portable rétro disque dur gigaoctet bundle salon émulateur système "
        "processeur borne",
        "en": "handheld retro gigabyte bundle emulator system storage memory",
        "de": "handheld speicher bündel festplatte emulator",
    },
    1140: {
        "fr": "statue statuette résine porte-clé vinyle anime buste mascotte peluche "
        "diorama",
        "en": "statue vinyl anime resin bust keychain bobblehead plush",
        "de": "statue büste sammelfigur anhänger vinyl",
    },
    1160: {
        "fr": "carte booster rare holographique deck display pochette foil commune "
        "classeur",
        "en": "card booster holo deck foil rare sleeve uncommon mint",
        "de": "karte booster selten folie stapel",
    },
    1180: {
        "fr": "peinture plomb escadron infanterie socle miniature chevalier orc règle "
        "dé bataillon déguisement",
        "en": "miniature infantry squad knight orc paint base dice rulebook legion",
        "de": "miniatur infanterie ritter würfel regelwerk legion",
    },
    1280: {
        "fr": "poupée peluche voiture garage dînette circuit brique toupie trottinette "
        "marionnette ballon camion",
        "en": "doll plush car brick puppet truck spinner playset balloon slime",
        "de": "puppe auto bausteine lastwagen kreisel ballon",
    },
    1281: {
        "fr": "société plateau puzzle dés pion échecs quiz domino devinette cartes "
        "stratège famille",
        "en": "board puzzle dice pawn chess quiz domino family tile party",
        "de": "brettspiel puzzle würfel schach rätsel familie",
    },
    1300: {
        "fr": "drone maquette avion hélice moteur télécommande échelle bateau batterie "
        "train hélicoptère châssis",
        "en": "drone plane propeller motor scale remote boat battery train helicopter "
        "quadcopter",
        "de": "drohne flugzeug propeller motor maßstab boot hubschrauber",
    },
    1301: {
        "fr": "chaussette bavoir bonnet gant layette barboteuse collant chausson "
        "nourrisson moufle",
        "en": "sock bib beanie glove romper newborn bootie mitten",
        "de": "socke lätzchen mütze handschuh strampler",
    },
    1302: {
        "fr": "pêche vélo randonnée tente trampoline ballon raquette leurre hamac "
        "planche yoga basket",
        "en": "fishing bike tent hiking lure racket hammock yoga skate trampoline",
        "de": "angeln fahrrad zelt wandern köder trampolin",
    },
    1320: {
        "fr": "poussette couche biberon tétine landau berceau gigoteuse allaitement "
        "siège doudou veilleuse barrière",
        "en": "stroller diaper bottle pacifier crib nursing carrier blanket monitor",
        "de": "kinderwagen windel flasche schnuller wiege stillen",
    },
    1560: {
        "fr": "canapé table armoire chaise lit matelas étagère meuble buffet bureau "
        "commode tabouret",
        "en": "sofa table wardrobe chair mattress shelf furniture desk stool cabinet",
        "de": "sofa tisch schrank stuhl matratze regal möbel",
    },
    1920: {
        "fr": "coussin housse taie drap rideau couette oreiller plaid serviette canevas "
        "linge broderie",
        "en": "pillow cushion cover sheet curtain duvet towel blanket pillowcase",
        "de": "kissen bezug bettlaken vorhang decke handtuch",
    },
    1940: {
        "fr": "chocolat thé café épice huile sirop confiture bonbon biscuit sucre "
        "farine sauce",
        "en": "chocolate tea coffee spice oil syrup candy sugar sauce snack",
        "de": "schokolade tee kaffee gewürz öl zucker",
    },
    2060: {
        "fr": "lampe sticker guirlande led vase horloge cadre bougie suspension miroir "
        "ampoule tableau",
        "en": "lamp sticker led garland vase clock candle mirror bulb ornament",
        "de": "lampe aufkleber lichterkette vase uhr kerze spiegel",
    },
    2220: {
        "fr": "chien chat laisse collier gamelle litière aquarium croquette niche "
        "griffoir harnais",
        "en": "dog cat leash collar bowl litter aquarium kennel harness",
        "de": "hund katze leine halsband napf aquarium",
    },
    2280: {
        "fr": "magazine revue journal numéro hebdomadaire mensuel presse gazette "
        "illustration reportage quotidien supplément",
        "en": "magazine issue journal weekly monthly press newspaper gazette report",
        "de": "zeitschrift heft zeitung wochenblatt presse ausgabe",
    },
    2403: {
        "fr": "lot manga série intégrale bande dessinée album coffret trilogie saga "
        "volume bibliothèque",
        "en": "manga series comic omnibus boxset trilogy saga complete bundle",
        "de": "manga serie comic sammelband trilogie",
    },
    2462: {
        "fr": "occasion pack testé rayé complet boîtier cartouche lot manuel "
        "reconditionné",
        "en": "used tested complete cartridge boxed bundle refurbished loose",
        "de": "gebraucht getestet modul komplett sammlung",
    },
    2522: {
        "fr": "stylo cahier classeur encre agenda crayon papier enveloppe gomme "
        "feutre trousse ramette",
        "en": "pen notebook binder ink planner pencil paper envelope eraser marker",
        "de": "stift heft ordner tinte kalender papier",
    },
    2582: {
        "fr": "parasol tonnelle chaise-longue bain-de-soleil pergola voile serre store "
        "balancelle auvent fauteuil",
        "en": "parasol gazebo lounger pergola awning greenhouse swing patio",
        "de": "sonnenschirm pavillon liege markise gewächshaus",
    },
    2583: {
        "fr": "piscine spa pompe filtre bâche liner chlore skimmer hors-sol robot "
        "échelle margelle",
        "en": "pool spa pump filter liner chlorine skimmer ladder cover",
        "de": "pool pumpe filter plane chlor leiter",
    },
    2585: {
        "fr": "tondeuse perceuse scie arrosage sécateur tronçonneuse tuyau vis outil "
        "débroussailleuse bêche",
        "en": "mower drill saw hose pruner chainsaw screw tool spade sprinkler",
        "de": "rasenmäher bohrer säge schlauch schraube werkzeug",
    },
    2705: {
        "fr": "guide parution témoignage thriller cuisine méthode développement "
        "dictionnaire manuel enquête atlas bestseller",
        "en": "guide bestseller thriller cookbook method handbook testimony atlas",
        "de": "ratgeber neuerscheinung krimi kochbuch handbuch",
    },
    2905: {
        "fr": "téléchargement dématérialisé clé activation extension abonnement steam "
        "configuration requis windows",
        "en": "download digital key activation dlc subscription windows requirement",
        "de": "download schlüssel aktivierung erweiterung",
    },
}
