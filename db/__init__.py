"""What is stored: tables, session, migrations, seed. PostgreSQL 15 or later holds the truth."""
