"""The interfaces of other projects' Go environments over goenv's rules, a module for each."""
