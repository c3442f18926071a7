class Book {}
