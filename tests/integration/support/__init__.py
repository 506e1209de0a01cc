"""What the tests against a real daemon share. Other folders use it by putting tests/integration on
sys.path."""
